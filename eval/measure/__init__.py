"""Single measurements that take more than a page; ``eval.commands`` has the rest."""

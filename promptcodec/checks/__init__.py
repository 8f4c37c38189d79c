"""Checks: does the decoded picture still mean what the stream says?"""

from promptcodec.checks.report import (
    AIMS,
    Check,
    ConsistencyReport,
    Field,
    PaidCheck,
    not_run,
    prepare,
    run,
    wrong,
)

__all__ = ["AIMS", "Check", "ConsistencyReport", "Field", "PaidCheck", "not_run", "prepare", "run", "wrong"]

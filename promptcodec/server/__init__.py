"""An archive over HTTP: its pictures are searched as text, and drawn when somebody asks.

``app.make`` gives the application. Everything here needs the extra ``server``.
"""

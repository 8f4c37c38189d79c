"""OpenAI's API: its rules, its questions, its answers; what the server's face and the loopback share.

Nothing here knows who answers: the routes of the server ask its generators and captioners, the loopback of
``promptcodec.testing`` asks ``builtin`` and ``local``, and fails on demand.
"""

"""What every request passes before and after its route: pure ASGI, outermost first.

RequestId names the request, Errors has a dialect render what was raised, Body takes the whole body
in within its limits, Admission bounds the work under way, Disconnect stops work that nobody waits
for.
"""

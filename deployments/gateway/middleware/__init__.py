"""What every request passes before and after its route: pure ASGI, outermost first.

RequestId names the request, Linger lets a client that sends too much read its refusal, Errors has a
dialect render what was raised, Hosts refuses other names than the service's, Body takes the whole
body in within its limits, Admission bounds the work under way, Disconnect stops work that nobody
waits for.
"""

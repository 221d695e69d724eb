"""What /docs and /openapi.json say of the service as a whole."""

from __future__ import annotations

DESCRIPTION = """\
Chinese to English translation on CPUs.

```sh
curl HERE/v1/translate -H 'Content-Type: application/json' \\
  -d '{"text": "我们今天去北京。"}'
```

- **Spans** count code points, from 0, half-open.
- **Errors** are one sentence with a `code` for programs and the request's id. `limit` is what was
  passed. 429 and 503 say in `Retry-After` when to come back.
- **Ids**: `X-Request-ID` comes back as it was sent, or is made. `Server-Timing` says where the time
  went.
- **Keys**, where the service asks for one, go into `X-API-Key` or `Authorization: Bearer`, never
  into an address.
- Texts are neither kept nor logged, but for documents in the background, until an hour after they
  are done.
"""

TAGS = [
    {"name": "translate", "description": "Texts, lists of texts, HTML and Markdown"},
    {
        "name": "documents",
        "description": "Files with their styles: Word, PowerPoint, Excel, OpenDocument, EPUB, HTML,"
        " Markdown, subtitles, PDF (as text), PO, XLIFF and others",
    },
    {"name": "glossaries", "description": "Terms that become exactly what you say"},
    {"name": "about", "description": "What is served, and whether it is well"},
    {"name": "seed", "description": "The form that the service was born with"},
]

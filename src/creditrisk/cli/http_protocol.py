"""How connections are read: as uvicorn does it, but what is no HTTP is answered with a problem, too."""

from typing import Final

import orjson
import uuid_utils
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from creditrisk.api.problems import MEDIA_TYPE, problem

_DETAIL: Final = "The request is no HTTP that can be read: its method, address, headers or length are wrong."


class ProblemProtocol(HttpToolsProtocol):
    """Speaks HTTP on one connection."""

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - as it is called
        """Answer what the parser refuses, before there is a request that the application could answer."""
        request_id = str(uuid_utils.uuid7())
        body = orjson.dumps(problem(400, request_id=request_id, detail=_DETAIL))
        head = (
            "HTTP/1.1 400 Bad Request",
            f"content-type: {MEDIA_TYPE}",
            f"content-length: {len(body)}",
            f"x-request-id: {request_id}",
            "connection: close",
            "\r\n",
        )
        self.transport.write("\r\n".join(head).encode("ascii") + body)
        self.transport.close()

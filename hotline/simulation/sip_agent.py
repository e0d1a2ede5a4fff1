"""An agent's phone without a browser: registers on a seat, is rung, talks G.711, hangs up.

    async with SipAgent.registered("1901", password, ("127.0.0.1", 15060)) as phone:
        ring = await phone.rung()
        phone.answer(ring)

It is a small SIP user agent over UDP, for the desk phones (1901 …).
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from hotline.simulation.rtp import Voice

_PATIENCE = 10.0


@dataclass(kw_only=True)
class Message:
    """A SIP message."""

    first_line: str
    headers: list[tuple[str, str]]
    body: str = ""

    def get(self, name: str) -> str:
        """The first header of this name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    @property
    def method(self) -> str:
        """Of a request; ``SIP/2.0`` for an answer."""
        return self.first_line.split(" ", 1)[0]

    @property
    def status(self) -> int:
        """Of an answer; 0 for a request."""
        return int(self.first_line.split(" ")[1]) if self.method == "SIP/2.0" else 0

    @classmethod
    def read(cls, data: bytes) -> Message:
        """From the wire."""
        head, _, body = data.decode(errors="replace").partition("\r\n\r\n")
        lines = head.split("\r\n")
        pairs = [line.partition(":") for line in lines[1:] if ":" in line]
        return cls(
            first_line=lines[0], headers=[(k.strip(), v.strip()) for k, _, v in pairs], body=body
        )

    def write(self) -> bytes:
        """For the wire."""
        size = len(self.body.encode())
        lines = [self.first_line, *(f"{key}: {value}" for key, value in self.headers)]
        return "\r\n".join([*lines, f"Content-Length: {size}", "", self.body]).encode()


@dataclass(kw_only=True)
class Ring:
    """One time that the phone was rung, and what became of it."""

    invite: Message
    tag: str = field(default_factory=lambda: secrets.token_hex(4))
    answered: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event)
    sequence: int = 1

    @property
    def id(self) -> str:
        """The dialog's Call-ID."""
        return self.invite.get("Call-ID")

    @property
    def number(self) -> str:
        """The number shown on the display."""
        found = re.search(r"sip:([^@>;]*)", self.invite.get("From"))
        return found.group(1) if found else ""

    async def ends(self, within: float = _PATIENCE) -> None:
        """Until the other side hung up or gave up."""
        async with asyncio.timeout(within):
            await self.over.wait()


class AgentVoice(Voice):
    """A voice that speaks first, to the address that the invitation names."""

    def talks_to(self, peer: tuple[str, int]) -> None:
        """Send to this address from now on."""
        self._peer = asyncio.get_running_loop().create_future()
        self._peer.set_result(peer)

    def hush(self) -> None:
        """Send nothing any more."""
        if self._spoken:
            self._spoken.cancel()


class SipAgent(asyncio.DatagramProtocol):
    """The phone. Make it with :meth:`registered`."""

    def __init__(
        self, user: str, password: str, server: tuple[str, int], voice: AgentVoice
    ) -> None:
        self.user = user
        self.voice = voice
        self.rings: list[Ring] = []
        #: Changes when a page is reloaded.
        self.contact_user = secrets.token_hex(4)
        self._password = password
        self._server = server
        self._incoming: asyncio.Queue[Ring] = asyncio.Queue()
        self._answers: dict[str, asyncio.Future[Message]] = {}
        self._transport: asyncio.DatagramTransport | None = None
        self._register_id = secrets.token_hex(8)
        self._wants_calls = False
        self._sequence = 0

    @classmethod
    @asynccontextmanager
    async def registered(
        cls, user: str, password: str, server: tuple[str, int], *, renew_every: float = 120.0
    ) -> AsyncIterator[SipAgent]:
        """A phone that the exchange can ring, for as long as it is held. Seconds."""
        async with await AgentVoice.open() as voice:
            assert isinstance(voice, AgentVoice)
            phone = cls(user, password, server, voice)
            loop = asyncio.get_running_loop()
            phone._transport, _ = await loop.create_datagram_endpoint(
                lambda: phone, local_addr=("127.0.0.1", 0)
            )
            try:
                await phone.register()
                renewing = asyncio.create_task(phone._stay_registered(renew_every))
                try:
                    yield phone
                finally:
                    renewing.cancel()
            finally:
                phone._transport.close()

    @property
    def address(self) -> tuple[str, int]:
        """Where this phone listens."""
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")
        return host, port

    # --- registration ---------------------------------------------------------------------------

    async def register(self, expires: int = 300) -> None:
        """Register; 0 takes the registration back."""
        self._wants_calls = expires > 0
        answer = await self._register(expires, "")
        if answer.status == 401:
            answer = await self._register(expires, self._credentials(answer))
        assert answer.status == 200, answer.first_line

    async def _stay_registered(self, every: float) -> None:
        """A registration ends by itself; it is renewed unless it was taken back."""
        while True:
            await asyncio.sleep(every)
            if self._wants_calls:
                with contextlib.suppress(TimeoutError):  # tried again the next time
                    await self.register()

    async def reload(self) -> None:
        """Like a page that is loaded anew: silent, forgets its calls, registers as another."""
        self.voice.hush()
        self.rings.clear()
        self.contact_user = secrets.token_hex(4)
        self._register_id = secrets.token_hex(8)
        await self.register()

    async def _register(self, expires: int, credentials: str) -> Message:
        uri = f"sip:{self._server[0]}:{self._server[1]}"
        me = f"<sip:{self.user}@hotline>"
        headers = [
            ("From", f"{me};tag={self._register_id[:6]}"),
            ("To", me),
            ("Call-ID", self._register_id),
            ("Contact", f"<{self._contact}>"),
            ("Expires", str(expires)),
        ]
        if credentials:
            headers.append(("Authorization", credentials))
        return await self._request("REGISTER", uri, headers)

    @property
    def _contact(self) -> str:
        host, port = self.address
        return f"sip:{self.contact_user}@{host}:{port}"

    def _credentials(self, challenge: Message) -> str:
        value = challenge.get("WWW-Authenticate")
        given = dict(re.findall(r'(\w+)="?([^",]+)"?', value.partition(" ")[2]))
        uri = f"sip:{self._server[0]}:{self._server[1]}"
        cnonce, count = secrets.token_hex(4), "00000001"
        first = _md5(f"{self.user}:{given['realm']}:{self._password}")
        second = _md5(f"REGISTER:{uri}")
        proof = _md5(f"{first}:{given['nonce']}:{count}:{cnonce}:auth:{second}")
        return (
            f'Digest username="{self.user}", realm="{given["realm"]}", nonce="{given["nonce"]}", '
            f'uri="{uri}", response="{proof}", algorithm=MD5, qop=auth, nc={count}, '
            f'cnonce="{cnonce}", opaque="{given.get("opaque", "")}"'
        )

    # --- calls ----------------------------------------------------------------------------------

    async def rung(self, within: float = _PATIENCE) -> Ring:
        """Wait for the next ring."""
        async with asyncio.timeout(within):
            return await self._incoming.get()

    def answer(self, ring: Ring, *, codec: str = "0 PCMU") -> None:
        """Lift the receiver. ``codec``: payload type and name, the only one the phone speaks."""
        ring.answered = True
        port, (payload, name) = self.voice.port, codec.split()
        body = (
            f"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP {payload}\r\na=rtpmap:{payload} {name}/8000\r\n"
            f"a=ptime:20\r\na=sendrecv\r\n"
        )
        self.voice.talks_to(_media_address(ring.invite))
        self._reply(ring.invite, 200, "OK", ring, body)

    def decline(self, ring: Ring) -> None:
        """Press "reject"."""
        self._reply(ring.invite, 486, "Busy Here", ring)
        ring.over.set()

    async def hang_up(self, ring: Ring, reason: str = "") -> None:
        """Put the receiver down. ``reason``: content of a Reason header."""
        ring.sequence += 1
        extra = [("Reason", reason)] if reason else []
        uri = re.sub(r"^.*<|>.*$", "", ring.invite.get("Contact"))
        headers = [
            ("From", f"{ring.invite.get('To')};tag={ring.tag}"),
            ("To", ring.invite.get("From")),
            ("Call-ID", ring.id),
            *extra,
        ]
        await self._request("BYE", uri, headers, sequence=ring.sequence)
        ring.over.set()

    # --- the wire -------------------------------------------------------------------------------

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """An answer to us, or a request of Asterisk's."""
        message = Message.read(data)
        if message.status:
            waiting = self._answers.get(message.get("CSeq") + message.get("Call-ID"))
            if waiting and not waiting.done() and message.status >= 200:
                waiting.set_result(message)
        elif message.method == "INVITE":
            self._invited(message)
        elif message.method in ("BYE", "CANCEL"):
            self._ended(message)
        elif message.method != "ACK":
            self._reply(message, 200, "OK")

    def _invited(self, invite: Message) -> None:
        if any(ring.id == invite.get("Call-ID") for ring in self.rings):
            return  # sent twice
        ring = Ring(invite=invite)
        self.rings.append(ring)
        self._reply(invite, 180, "Ringing", ring)
        self._incoming.put_nowait(ring)

    def _ended(self, request: Message) -> None:
        self._reply(request, 200, "OK")
        for ring in self.rings:
            if ring.id == request.get("Call-ID") and not ring.over.is_set():
                if request.method == "CANCEL":
                    self._reply(ring.invite, 487, "Request Terminated", ring)
                ring.over.set()

    def _reply(
        self, request: Message, status: int, words: str, ring: Ring | None = None, body: str = ""
    ) -> None:
        copied = ("via", "from", "call-id", "cseq", "record-route")
        headers = [(key, value) for key, value in request.headers if key.lower() in copied]
        tag = f";tag={ring.tag}" if ring and "tag=" not in request.get("To") else ""
        headers.append(("To", request.get("To") + tag))
        headers.append(("Contact", f"<{self._contact}>"))
        if body:
            headers.append(("Content-Type", "application/sdp"))
        self._send(Message(first_line=f"SIP/2.0 {status} {words}", headers=headers, body=body))

    async def _request(
        self, method: str, uri: str, headers: list[tuple[str, str]], sequence: int = 0
    ) -> Message:
        self._sequence += 1
        number = f"{sequence or self._sequence} {method}"
        host, port = self.address
        branch = f"z9hG4bK{secrets.token_hex(6)}"
        via = ("Via", f"SIP/2.0/UDP {host}:{port};branch={branch};rport")
        message = Message(
            first_line=f"{method} {uri} SIP/2.0",
            headers=[via, ("Max-Forwards", "70"), *headers, ("CSeq", number)],
        )
        key = number + message.get("Call-ID")
        self._answers[key] = asyncio.get_running_loop().create_future()
        self._send(message)
        async with asyncio.timeout(_PATIENCE):
            return await self._answers[key]

    def _send(self, message: Message) -> None:
        assert self._transport is not None
        self._transport.sendto(message.write(), self._server)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def _media_address(message: Message) -> tuple[str, int]:
    host = re.search(r"c=IN IP4 (\S+)", message.body)
    port = re.search(r"m=audio (\d+)", message.body)
    assert host and port, message.body
    return host.group(1), int(port.group(1))

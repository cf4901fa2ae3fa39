"""A name server on loopback, over UDP and TCP, whose zone is a dict: name to texts, or to a CNAME.

What is not in it does not exist (NXDOMAIN), unless something below it does.
"""

from __future__ import annotations

import socketserver
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from tests.servers.ports import LOOPBACK, free_port

LARGEST_DATAGRAM = 512  # octets; RFC 1035 section 2.3.4


class NameServer:
    """One name server; the zone may be changed while it runs. `failing` names get SERVFAIL."""

    def __init__(self) -> None:
        self.port = free_port()
        self.zone: dict[str, list[str] | str] = {}
        self.failing: set[str] = set()
        self.asked: list[str] = []
        self._servers = (
            socketserver.ThreadingUDPServer((LOOPBACK, self.port), _udp(self)),
            socketserver.ThreadingTCPServer((LOOPBACK, self.port), _tcp(self)),
        )
        self._threads = [
            threading.Thread(target=one.serve_forever, args=(0.01,)) for one in self._servers
        ]

    def start(self) -> None:
        """Answer from now on."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End it; waits for its threads."""
        for server, thread in zip(self._servers, self._threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()

    def answer(self, wire: bytes) -> dns.message.Message:
        """The answer to one question."""
        question = dns.message.from_wire(wire)
        response = dns.message.make_response(question)
        response.flags |= dns.flags.RA
        name = question.question[0].name.to_text().rstrip(".").lower()
        self.asked.append(name)
        if name in self.failing:
            response.set_rcode(dns.rcode.SERVFAIL)
            return response
        found = self.zone.get(name)
        while isinstance(found, str):
            response.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "CNAME", f"{found}."))
            name, found = found, self.zone.get(found)
        if found:
            response.answer.append(
                dns.rrset.from_text_list(
                    f"{name}.", 60, "IN", "TXT", [_quoted(one) for one in found]
                )
            )
        elif found is None and not any(one.endswith(f".{name}") for one in self.zone):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response


def _quoted(text: str) -> str:
    return " ".join(f'"{text[at : at + 255]}"' for at in range(0, max(len(text), 1), 255))


def _udp(server: NameServer) -> type[socketserver.BaseRequestHandler]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, socket = self.request
            response = server.answer(data)
            wire = response.to_wire(max_size=65_535)
            if len(wire) > LARGEST_DATAGRAM:
                response.answer.clear()
                response.flags |= dns.flags.TC
                wire = response.to_wire()
            socket.sendto(wire, self.client_address)

    return Handler


def _tcp(server: NameServer) -> type[socketserver.BaseRequestHandler]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            size = int.from_bytes(self.request.recv(2), "big")
            wire = server.answer(self.request.recv(size)).to_wire(max_size=65_535)
            self.request.sendall(len(wire).to_bytes(2, "big") + wire)

    return Handler

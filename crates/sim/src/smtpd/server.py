"""A mail server for tests: aiosmtpd, keeping each letter as a file. What it does wrong is asked for by the recipient.

Arguments: the folder of the letters, how it encrypts (none, starttls, start), the certificate's file, the user, the
password; an empty one is not there. Prints its port, and ends when its standard input does.
"""

import asyncio
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

folder, encryption, certificate, user, password = sys.argv[1:6]
# Hangs that nobody ends: longer than any test.
FOREVER_S = 3600


class Letters:
    count = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.split("@")[0]
        if name == "nobody":
            return "550 5.1.1 No such mailbox"
        if name == "later":
            return "451 4.3.2 Not now"
        if name == "hangs":
            await asyncio.sleep(FOREVER_S)
        if name == "closes":
            server.transport.abort()
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server, session, envelope):
        name = envelope.rcpt_tos[0].split("@")[0]
        if name == "spam":
            return "554 5.7.1 This looks like spam"
        Letters.count += 1
        letter = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "hello": session.host_name,
            "encrypted": session.ssl is not None or encryption == "start",
            "logged_in": bool(session.authenticated),
            "content": envelope.content.decode("utf-8", "replace"),
        }
        path = os.path.join(folder, "%04d.json" % Letters.count)
        with open(path + ".new", "w") as file:
            json.dump(letter, file)
        os.rename(path + ".new", path)
        if name == "hangs-then":
            await asyncio.sleep(FOREVER_S)
        if name == "closes-then":
            server.transport.abort()
        return "250 2.0.0 Queued as %d" % Letters.count


def authenticate(server, session, envelope, mechanism, data):
    right = data.login == user.encode() and data.password == password.encode()
    return AuthResult(success=right, handled=right)


async def main():
    loop = asyncio.get_running_loop()
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    starttls = encryption == "starttls"

    def make():
        return SMTP(
            Letters(),
            hostname="mail.test",
            tls_context=context if starttls else None,
            require_starttls=starttls,
            authenticator=authenticate,
            auth_required=bool(user),
            auth_require_tls=starttls,
            loop=loop,
        )

    of_the_start = context if encryption == "start" else None
    server = await loop.create_server(make, "127.0.0.1", 0, ssl=of_the_start)
    ended = loop.create_future()

    def heard():
        if not os.read(0, 1024) and not ended.done():
            ended.set_result(None)

    loop.add_reader(0, heard)
    print(server.sockets[0].getsockname()[1], flush=True)
    await ended


asyncio.run(main())

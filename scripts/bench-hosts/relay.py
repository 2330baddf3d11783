"""A TCP relay that adds latency: relay.py PORT TARGET-PORT DELAY-MS

Listens on PORT of all addresses, passes every connection on to TARGET-PORT of this host, and holds each piece back for DELAY-MS
in either direction. Pieces stay in order and apart from the delay take nothing from the rate. Python 3.8 or newer.
"""

import asyncio
import sys

PIECE_BYTES = 64 * 1024


async def carry(reader, writer, delay_seconds):
    """One direction: what comes in goes out `delay_seconds` later; so does the end."""
    loop = asyncio.get_running_loop()
    # Bounded, so that a slow receiver holds the sender back as without a relay.
    pieces = asyncio.Queue(maxsize=256)

    async def deliver():
        while True:
            due, piece = await pieces.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            if not piece:
                break
            writer.write(piece)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

    delivery = asyncio.ensure_future(deliver())
    try:
        while True:
            piece = await reader.read(PIECE_BYTES)
            await pieces.put((loop.time() + delay_seconds, piece))
            if not piece:
                break
        await delivery
    finally:
        delivery.cancel()


async def relay(client_reader, client_writer, target_port, delay_seconds):
    """Both directions of one connection."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", target_port)
        try:
            await asyncio.gather(
                carry(client_reader, writer, delay_seconds), carry(reader, client_writer, delay_seconds)
            )
        finally:
            writer.close()
    except OSError:
        pass
    finally:
        client_writer.close()


async def main(port, target_port, delay_seconds):
    server = await asyncio.start_server(
        lambda reader, writer: relay(reader, writer, target_port, delay_seconds), "0.0.0.0", port
    )
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 1000))

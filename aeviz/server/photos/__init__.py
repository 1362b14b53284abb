"""Photo restoration: upload over HTTP, restore tile by tile over a WebSocket, download over HTTP.

Its addresses begin with /aeviz/darkroom.
"""

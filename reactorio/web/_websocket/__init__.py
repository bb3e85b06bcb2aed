"""What `reactorio.web.websocket` is made of."""

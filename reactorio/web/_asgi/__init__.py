"""What `reactorio.web.asgi` is made of."""

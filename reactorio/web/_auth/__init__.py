"""HTTP authentication over `reactorio.cred`; public names are in `reactorio.web.guard`."""

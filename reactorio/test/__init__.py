"""What Twisted's own tests share with those of applications: `proto_helpers` and `iosim`."""

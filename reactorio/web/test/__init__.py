"""What Twisted's own tests of the web share with those of applications: `requesthelper`."""

"""Running other programs: a supervisor (`procmon`)."""

"""The subcommands of `qingfeng`, one module each, imported only when called."""

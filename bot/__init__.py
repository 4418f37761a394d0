"""What starts: settings, channels, scheduler, delivery, the composition root, the command line."""

"""What knows: rules, answers and content, without any I/O but its own files."""

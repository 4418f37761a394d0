"""Questions that bring their own numbers or dates, answered from rules with the steps shown."""

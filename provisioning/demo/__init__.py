"""What exists in the demo alone: choosing who to be, playing KIV, reading the mails."""

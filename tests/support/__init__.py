"""What several test packages share: a real Asterisk, real phones, spoken sound."""

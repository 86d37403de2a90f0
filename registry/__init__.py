"""What extensions exist, which one a selector means, how they are kept and edited."""

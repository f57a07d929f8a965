"""What a module holds, for people and for programs."""

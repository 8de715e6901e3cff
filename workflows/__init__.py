"""What happens next, and when. Deterministic; touches the world through activities only."""

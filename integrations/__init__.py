"""Other people's APIs: what a vendor's answer or webhook means. Strangers to models."""

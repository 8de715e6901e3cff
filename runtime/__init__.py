"""Settings, logging, connections and the embedded servers."""

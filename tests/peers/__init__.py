"""Stand-ins for the systems around us: real ones where they can run here, else the most faithful there is."""

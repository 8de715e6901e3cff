"""Activities about the tickets that mirror action items in a tracker."""

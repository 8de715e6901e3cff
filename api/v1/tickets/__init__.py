"""The JSON API of the tickets that mirror action items in a tracker."""

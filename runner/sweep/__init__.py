"""From a plan to a filled store: what is missing is handed to Ray Tune, parents before their children."""

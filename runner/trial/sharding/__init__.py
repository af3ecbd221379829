"""A network and its optimizer spread over several processes, for trials that are too big for one device."""

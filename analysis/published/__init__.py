"""The numbers that papers print, and how a store's own are set beside them."""

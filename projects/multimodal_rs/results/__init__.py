"""Records of finished runs, and what is made from them."""

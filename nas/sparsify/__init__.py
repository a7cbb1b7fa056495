"""Wirings that training changes: edges dropped by their saliency, and grown where the gradient asks for them."""

"""Builds read models anew beside the live ones, compares them, and puts them in their place."""

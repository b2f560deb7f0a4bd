"""Enhancement: cleaner, finer, fuller or colored images."""

"""Estimate a watermark and take it off."""

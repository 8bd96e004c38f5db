"""Delivery's writes: releases asked for, frozen, held, checked, decided; and what they cost."""

//! Gait indices: GVS, MAP, GPS, GDI* and the user's own GDI.

//! Identity of left and right: finding and repairing frames in which a detector exchanged the legs.

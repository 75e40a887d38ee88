//! Balance: centre of mass and margin of stability.

//! Space: from a laboratory's axes to the world with Y up, and from the world to walking space.

//! Images and folders to disparity, depth and pictures of them.

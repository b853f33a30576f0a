"""EXR files to arrays, arrays to the conditions that ControlNets take."""

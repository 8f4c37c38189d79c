"""The operations: each takes a state and its arguments, and gives a state with other layers.

What belongs to the picture is changed in all layers that hold it; what an operation does not name
stays as it is, to the byte. ``edit.spec`` names the function of each operation.
"""

"""One target across the epochs of one training: does its error part from the loss, and how much of that is luck?"""

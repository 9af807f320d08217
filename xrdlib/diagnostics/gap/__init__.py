"""Is a curve inside the training distribution, as a curve?"""

global using Torc.Base;

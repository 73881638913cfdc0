package profit
import ("testing";"os";"strconv")
func TestZZ(t *testing.T){
 v,_:=strconv.ParseFloat(os.Getenv("V"),64); n,_:=strconv.Atoi(os.Getenv("N")); fd,_:=strconv.Atoi(os.Getenv("F"))
 for _,l:=range []float64{1.5,1.15}{ a:=0; for c:=range n { a+=falseAlarms(uint64(200000+c),v,l,60,Feed(fd)) }
 t.Logf("V=%g F=%d level %.2f FA %.3f (%d months)",v,fd,l,float64(a)/float64(2*n),2*n)}
}

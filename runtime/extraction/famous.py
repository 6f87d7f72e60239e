"""Names that everybody knows: whoever writes one speaks of its bearer, a work or a brand."""

from __future__ import annotations

from typing import Final

from runtime.extraction.words import phrase_set

_FAMOUS: Final = phrase_set(
    "roberto carlos,erasmo carlos,ivete sangalo,gal costa,elis regina,caetano veloso,gilberto gil,chico buarque,maria bethania,marisa monte,"
    "tim maia,jorge ben,milton nascimento,djavan caetano,luan santana,gusttavo lima,marilia mendonca,zeca pagodinho,martinho da vila,alcione nazareth,"
    "seu jorge,raul seixas,rita lee,cassia eller,renato russo,ana carolina,paula fernandes,michel telo,wesley safadao,simone mendes,leonardo da vinci,"
    "zeze di camargo,bruno mars,michael jackson,elton john,freddie mercury,bob marley,john lennon,paul mccartney,taylor swift,katy perry,lady gaga,"
    "ayrton senna,neymar junior,ronaldo fenomeno,roberto rivellino,thiago silva,vinicius junior,gabriel jesus,lionel messi,cristiano ronaldo,"
    "rubens barrique,rubens barrichello,felipe massa,nelson piquet,lewis hamilton,marta vieira,rebeca andrade,gabriel medina,anderson silva,"
    "machado de assis,clarice lispector,jorge amado,cecilia meireles,monteiro lobato,carlos drummond,carlos drummond de andrade,paulo coelho,"
    "fernando pessoa,mario de andrade,graciliano ramos,guimaraes rosa,ariano suassuna,augusto cury,agatha christie,stephen king,"
    "tarsila do amaral,candido portinari,oscar niemeyer,pablo picasso,romero britto,sebastiao salgado,"
    "jair bolsonaro,fernando henrique cardoso,fernando haddad,getulio vargas,juscelino kubitschek,dilma rousseff,michel temer,tancredo neves,"
    "fernando collor,jose sarney,geraldo alckmin,marina silva,ciro gomes,sergio moro,alexandre de moraes,luiz inacio lula da silva,marielle franco,"
    "ulysses guimaraes,leonel brizola,donald trump,joe biden,nelson mandela,princesa isabel,dom pedro,santos dumont,alberto santos dumont,"
    "joaquim jose da silva xavier,duque de caxias,marechal rondon,zilda arns,chico mendes,chico xavier,paulo freire,oswaldo cruz,carlos chagas,"
    "albert einstein,isaac newton,charles darwin,sigmund freud,karl marx,maria montessori,drauzio varella,"
    "silvio santos,xuxa meneghel,gugu liberato,fausto silva,luciano huck,ana maria braga,hebe camargo,jo soares,pedro bial,william bonner,"
    "fernanda montenegro,tony ramos,wagner moura,rodrigo santoro,lazaro ramos,bruna marquezine,cristiane torloni,gloria pires,felipe neto,"
    "whindersson nunes,virginia fonseca,maria da penha,maria bonita,maria madalena,jesus cristo,jesus amado,jesus misericordioso,silas malafaia,edir macedo,marcelo rossi,"
    "fabio de melo,carolina herrera,hugo boss,ralph lauren,tommy hilfiger,calvin klein,giorgio armani,paco rabanne,antonio banderas,"
    "helena rubinstein,victoria secret,bruna tavares,ana hickmann,boca rosa,mary kay,jack daniels,johnnie walker,ana capri,luiza barcelos,"
    "arezzo anacapri,romeu e julieta,harry potter,peter pan,homer simpson,bob esponja,maria joaquina,dona florinda,chico bento,monica cebolinha,"
    "jorge aragao,leci brandao,beth carvalho,nara leao,tom jobim,vinicius de moraes,luiz gonzaga,dominguinhos silva,elba ramalho,alceu valenca,"
    "fagner candido,ze ramalho,geraldo azevedo,daniela mercury,claudia leitte,carlinhos brown,margareth menezes"
)


def is_famous(said: str) -> bool:
    """Whether a folded name, its words joined by single spaces, is that of somebody everybody knows."""
    return said in _FAMOUS
